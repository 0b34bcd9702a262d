"""A change for its reviewer: what a preview would do, as a diff without noise and as one comment."""
