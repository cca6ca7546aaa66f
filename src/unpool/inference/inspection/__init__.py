"""A picture's score and heat map, from what good pictures look like."""
