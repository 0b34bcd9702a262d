"""``wideep gpus``: memory and utilization of every GPU of every worker, compared with the Plan's prediction."""
