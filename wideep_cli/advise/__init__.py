"""``wideep advise``: which layout serves the most tokens on given GPUs, within latency limits.

question ──► candidates (wideep's rules) ──► series (the estimator, cached) ──► search ──► reports
"""
