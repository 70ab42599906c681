# A page of Django, with DEBUG where the second argument says so.
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import path

settings.configure(
    DEBUG=sys.argv[2] == "debug",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="lab",
)
urlpatterns = [
    path("", lambda request: HttpResponse("<html><title>Shop</title><h1>Shop</h1></html>"))
]
execute_from_command_line(["shop", "runserver", "--noreload", "127.0.0.1:" + sys.argv[1]])
