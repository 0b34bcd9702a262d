"""A change as its reviewer wants it: what a preview would do, in a diff without noise and in one comment."""
