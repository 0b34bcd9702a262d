"""The jobs of continuous integration: previews, the review comment, and the helpers that they need."""
