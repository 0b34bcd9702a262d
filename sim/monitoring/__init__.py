"""Stand-ins for the Prometheus operator and for exporters: a real Prometheus scrapes what the cluster's monitors
select"""
