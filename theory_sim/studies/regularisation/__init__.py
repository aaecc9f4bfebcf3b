"""What is the weight decay for?"""
