"""`wideep top`: the serving and Wide-EP figures of a graph, read from its pods' own metrics, again and again"""
