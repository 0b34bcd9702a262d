"""Monitoring of a stack: metrics by release, the dashboards and alerts that use them, and the chart that reads them."""
