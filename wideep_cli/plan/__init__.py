"""``wideep plan``: a stack's Plan as text, JSON, Markdown and a picture, and the difference between two plans."""
