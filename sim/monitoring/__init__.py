"""Stand-ins for the Prometheus operator and for exporters: a real Prometheus scrapes the targets of the monitors"""
