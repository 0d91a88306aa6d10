"""What tools promise of a model, and what the future, which none of them sees, says of it.

A table is a file in `tables` and a line in its dict. A rival is a script in `rivals` (see
`contract.py` there), its packages and their pins in `environments`, and a line in the dict of
`contenders`.
"""
