"""``wideep bench``: what the deployed graph serves, measured by NVIDIA's AIPerf at several concurrencies."""
