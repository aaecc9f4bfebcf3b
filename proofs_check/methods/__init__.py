"""How problems are solved: symbolic derivations, ball arithmetic, exact linear programs."""
