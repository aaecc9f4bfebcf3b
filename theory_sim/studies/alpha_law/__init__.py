"""The paper's own setting: where are the order and the gap visible at finite d?"""
