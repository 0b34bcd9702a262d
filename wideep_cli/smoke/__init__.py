"""``wideep smoke``: one chat completion through the frontend, and a check of the answer."""
