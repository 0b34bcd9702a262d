"""``wideep gpus``: memory and utilization of every GPU of every worker, beside what the Plan predicts."""
