"""What a run's folder is turned into for people and for machines.

write       the one door: `write_report` for one run, `write_summary` for several
run         reads the folder; a run that was cut off or never judged is shown as far as it went
seen        what came of each operation, as the person in front of it saw it
people      who they are, and what became of each of them
timeline    where an instant of the run stands on the page, and what policy time it was
verdicts, lanes, stretches, messages, heat, measured, charts, biographies, divergence, conditions
            one section of the page each, without its HTML
page        puts the sections into the templates
junit, result, markdown, several     the same verdicts for machines, and for a comment in a review

Nothing here knows what time it is, so the same folder always gives the same bytes.
"""
