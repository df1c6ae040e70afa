"""Which address is which page."""

from django.urls import path

from torni.web.views import network, pages, sapluuna, tower

urlpatterns = [
    path("", pages.start),
    path("language/<str:code>/", pages.choose_language),
    path("data/", pages.data),
    path("health/", pages.health),
    path("<str:region>/", tower.tower),
    path("<str:region>/promise/<str:promise_id>/", tower.promise),
    path("<str:region>/promise/<str:promise_id>/mend/", tower.mend),
    path("<str:region>/sapluuna/", sapluuna.matrix),
    path("<str:region>/sapluuna/<str:service_id>/<str:column>/", sapluuna.cell),
    path("<str:region>/network/", network.network),
    path("<str:region>/network/compare/", network.compare),
    path("<str:region>/network/plan.<str:form>", network.download),
]
handler404 = "torni.web.views.pages.not_found"
handler400 = "torni.web.views.pages.not_found"
handler500 = "torni.web.views.pages.failed"
