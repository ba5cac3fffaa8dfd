# The bundled language model on arguments.
ftok language "Le chat dort sur la chaise près de la fenêtre." "The cat sleeps on the chair by the window."
ftok language --json "Die Katze schläft auf dem Stuhl am Fenster."
