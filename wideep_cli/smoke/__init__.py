"""``wideep smoke``: one chat completion through the frontend, and whether it is what it should be."""
