"""Existing launch commands of an engine, converted to keys of a stack or compared with a plan's own arguments."""
