"""One HTML file of results, for a reader who has none of this: data are gathered here, the template only lays them out."""
