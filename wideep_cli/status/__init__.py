"""``wideep status``: a graph, its pods and what they wait for, and what the frontend reports."""
