"""Local Aggregation (Zhuang, Zhai, Yamins 2019)."""
