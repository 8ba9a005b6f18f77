"""A history prepared for judging: who got what from whom, which acts voided it, which nodes were there. Pure."""
