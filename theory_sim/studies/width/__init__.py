"""How wide must a network be before the limit describes it?"""
