"""The jobs of continuous integration: previews, the review comment, what stands around them."""
