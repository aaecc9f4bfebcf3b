"""Closed forms of the theory, one section a module: plain numbers in, plain numbers out.

``noise_law`` (THEORY §5), ``arc_cosine`` (§6), ``separation`` and ``learning_times`` (§8),
``closure`` (§8, the finite-d closure), ``crossings`` (§13, what "learnt" means), ``conditions`` (§2 and §9),
``overlap``, ``sample_complexity``, ``max_margin``, ``ridge_logistic`` and ``error_left`` (§10),
``common_classifier`` (§11), ``batch_noise`` ([F 5-9]).
"""
