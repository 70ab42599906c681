# A GraphQL endpoint (Graphene) below a page; what it is made of is told to everybody where the second argument is "open".
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import graphene
from graphql import GraphQLError


class Query(graphene.ObjectType):
    stock = graphene.Int()

    def resolve_stock(self, info):
        return 1


def no_introspection(next, root, info, **args):
    if info.field_name.startswith("__"):
        raise GraphQLError("GraphQL introspection is not allowed")
    return next(root, info, **args)


schema = graphene.Schema(query=Query)
middleware = [] if sys.argv[2] == "open" else [no_introspection]


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/":
            self.answer(200, "text/html", "<html><title>Shop</title><h1>Shop</h1></html>")
        else:
            self.answer(404, "text/html", "<html><title>Not found</title></html>")

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/graphql":
            return self.answer(404, "text/html", "<html><title>Not found</title></html>")
        result = schema.execute(json.loads(text)["query"], middleware=middleware)
        self.answer(400 if result.errors else 200, "application/json", json.dumps(result.to_dict()))

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
