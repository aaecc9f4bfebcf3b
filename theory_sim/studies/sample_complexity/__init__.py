"""How many examples do P and Q take, and which model?"""
