"""Labels and masks in the formats of other tools."""
