"""What callers say and press, as values: digit strings, numbers, yes and no, and the formats a `collect` can ask for.

Two ways in, one way out. `formats` judges keys as they come and turns them into the value of a variable; speech is
first made into the keys the caller could have pressed instead (`Format.said`), so that both take the same checks.

    text -> pieces (one reader a language: `chinese`, and `words` with the lexicons of English and Spanish)
         -> digit strings and numbers (`spoken`), dates (`spoken_dates`), times (`spoken_times`) -> keys -> value

Everything here is pure, and no text makes it raise.

Why no library does this (looked at in 2026): cn2an and word2number know quantities only, no digit strings, no fillers,
and word2number adds "nineteen eighty four" up to 1524; text2num is native code without Chinese and leaves "oh",
"double" and pairs of digits undone; WeTextProcessing needs OpenFst. The forms that tell a telephone number from a
quantity are the work here, and those none of them keeps.
"""
