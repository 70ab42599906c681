# Flower with a queue in memory. usage: flower.py FOLDER-OF-FLOWER ARGUMENTS-OF-FLOWER
import sys

sys.path.insert(0, sys.argv[1])

from celery.__main__ import main

sys.argv = ["celery", "--broker=memory://", "flower"] + sys.argv[2:]
sys.exit(main())
