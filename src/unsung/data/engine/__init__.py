"""The only place that imports ibis, duckdb or pyspark."""
