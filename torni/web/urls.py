"""Which address is which page."""

from django.urls import path

from torni.web.views import decide, events, live, network, pages, rehearse, rules, sapluuna, tower

urlpatterns = [
    path("", pages.start),
    path("language/<str:code>/", pages.choose_language),
    path("data/", pages.data),
    path("health/", pages.health),
    path("health", pages.health),
    path("events", events.receive),
    path("openapi.json", events.openapi),
    path("<str:region>/", tower.tower),
    path("<str:region>/promise/<str:promise_id>/", tower.promise),
    path("<str:region>/promise/<str:promise_id>/mend/", tower.mend),
    path("<str:region>/promise/<str:promise_id>/rows/", live.rows),
    path("<str:region>/moments/", live.compare),
    path("<str:region>/sapluuna/", sapluuna.matrix),
    path("<str:region>/sapluuna/<str:service_id>/<str:column>/", sapluuna.cell),
    path("<str:region>/rules/", rules.index),
    path("<str:region>/rules/check/", rules.check),
    path("<str:region>/rules/tables/<str:name>/", rules.table),
    path("<str:region>/rules/<str:service>/", rules.service),
    path("<str:region>/decide/<str:service>/", decide.client),
    path("<str:region>/decide/<str:service>/letter.<str:form>", decide.letter_file),
    path("<str:region>/rehearse/", rehearse.rehearsal),
    path("<str:region>/rehearse/people/", rehearse.people),
    path("<str:region>/changes/", rehearse.changes),
    path("<str:region>/changes/<str:id_>/", rehearse.change),
    path("<str:region>/network/", network.network),
    path("<str:region>/network/compare/", network.compare),
    path("<str:region>/network/plan.<str:form>", network.download),
]
handler404 = "torni.web.views.pages.not_found"
handler400 = "torni.web.views.pages.not_found"
handler500 = "torni.web.views.pages.failed"
