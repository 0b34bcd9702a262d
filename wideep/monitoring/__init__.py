"""What is measured of a stack: metrics by release, dashboards and alerts on them, and the chart that reads them"""
