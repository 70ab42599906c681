# A page, with Flask's debugger where the second argument says so.
import sys

from flask import Flask

app = Flask("lab")


@app.route("/")
def page():
    return "<html><title>Shop</title><h1>Shop</h1></html>"


@app.route("/broken")
def broken():
    raise RuntimeError("lab")


app.run(port=int(sys.argv[1]), debug=sys.argv[2] == "debug", use_reloader=False)
