"""Which address is which page, and who may open it. What is not said to be everybody's is nobody's but those named."""

from django.urls import URLPattern, path

from torni.facts.access import MENDERS, READERS, STAFF
from torni.web.access import EVERYBODY, SIGNED_IN, View, only
from torni.web.views import (
    account,
    case,
    case_steps,
    chains,
    decide,
    deliveries,
    events,
    fhir,
    guide,
    inbox,
    live,
    mine,
    network,
    pages,
    persons,
    records,
    rehearse,
    report,
    rules,
    sapluuna,
    the_room,
    tower,
    work,
)


def at(route: str, view: View, may: frozenset[str]) -> URLPattern:
    return path(route, only(may, view))  # type: ignore[arg-type]


PRODUCER = frozenset({"producer"})
GUIDES = frozenset({"adviser", "case_manager"})
urlpatterns = [
    at("", pages.start, EVERYBODY),
    at("language/<str:code>/", pages.choose_language, EVERYBODY),
    at("data/", pages.data, EVERYBODY),
    at("health/", pages.health, EVERYBODY),
    at("health", pages.health, EVERYBODY),
    at("events", events.receive, EVERYBODY),  # by a feed's key
    at("openapi.json", events.openapi, EVERYBODY),
    at("fhir/metadata", fhir.metadata, EVERYBODY),  # what is a client's, by a producer's feed's key
    at("fhir/<str:kind>", fhir.search, EVERYBODY),
    at("fhir/<str:kind>/<str:id_>", fhir.one, EVERYBODY),
    at("fhir/", fhir.unknown, EVERYBODY),
    at("fhir/<path:rest>", fhir.unknown, EVERYBODY),
    at("sign-in/", account.sign_in, EVERYBODY),
    at("sign-in/provider/", account.provider, EVERYBODY),
    at("sign-in/provider/back/", account.provider_back, EVERYBODY),
    at("sign-out/", account.sign_out, EVERYBODY),
    at("me/", account.me, SIGNED_IN),
    at("me/everything.json", account.everything, frozenset({"resident"})),
    at("me/guidance.fhir.json", fhir.own_file, frozenset({"resident"})),
    at("mine/", mine.mine, frozenset({"resident"})),
    at("mine/letter/<int:decided>.<str:form>", mine.letter_file, frozenset({"resident"})),
    # what has been decided, and what open data tell, is everybody's; what happens to people is not (the view tells which)
    at("<str:region>/", tower.tower, EVERYBODY),
    at("<str:region>/promise/<str:promise_id>/", tower.promise, EVERYBODY),
    at("<str:region>/promise/<str:promise_id>/mend/", tower.mend, EVERYBODY),
    at("<str:region>/promise/<str:promise_id>/rows/", live.rows, STAFF | PRODUCER),
    at("<str:region>/moments/", live.compare, STAFF),
    at("<str:region>/report/", report.welfare, STAFF),
    at("<str:region>/report.pdf", report.welfare_pdf, STAFF),
    at("<str:region>/room/", the_room.the_room, STAFF),
    at("<str:region>/own/", live.own, PRODUCER),
    at("<str:region>/inbox/", inbox.inbox, PRODUCER),
    at("<str:region>/inbox/<int:position>/", inbox.plan, PRODUCER),
    at("<str:region>/deliveries/", deliveries.deliveries, STAFF | PRODUCER),
    at("<str:region>/deliveries/<int:webhook>/<int:position>/", deliveries.delivery, STAFF | PRODUCER),
    at("<str:region>/worklist/", work.work, GUIDES),
    at("<str:region>/intake/", work.intake, GUIDES),
    at("<str:region>/case/<int:position>/", case.case, GUIDES),
    at("<str:region>/case/<int:position>/guidance.fhir.json", fhir.case_file, GUIDES),
    at("<str:region>/case/<int:position>/assess/", case_steps.assess, GUIDES),
    at("<str:region>/case/<int:position>/decide/", case_steps.verdicts, GUIDES),
    at("<str:region>/case/<int:position>/decide/<str:service>/", case_steps.decision, GUIDES),
    at("<str:region>/case/<int:position>/letter/<int:decided>.<str:form>", case_steps.letter_file, GUIDES),
    at("<str:region>/case/<int:position>/plan/", case_steps.plan, GUIDES),
    at("<str:region>/emergencies/", persons.emergencies, frozenset({"supervisor", "director"})),
    at("<str:region>/person/", persons.person, READERS),
    at("<str:region>/records/", records.records, MENDERS),
    at("<str:region>/chains/", chains.index, EVERYBODY),
    at("<str:region>/guide/", guide.guide, EVERYBODY),
    at("<str:region>/sapluuna/", sapluuna.matrix, EVERYBODY),
    at("<str:region>/sapluuna/<str:service_id>/<str:column>/", sapluuna.cell, EVERYBODY),
    at("<str:region>/rules/", rules.index, EVERYBODY),
    at("<str:region>/rules/check/", rules.check, STAFF),
    at("<str:region>/rules/tables/<str:name>/", rules.table, EVERYBODY),
    at("<str:region>/rules/<str:service>/", rules.service, EVERYBODY),
    at("<str:region>/decide/<str:service>/", decide.client, STAFF),
    at("<str:region>/decide/<str:service>/letter.<str:form>", decide.letter_file, STAFF),
    at("<str:region>/rehearse/", rehearse.rehearsal, STAFF),
    at("<str:region>/rehearse/people/", rehearse.people, STAFF),
    at("<str:region>/changes/", rehearse.changes, STAFF),
    at("<str:region>/changes/<str:id_>/", rehearse.change, STAFF),
    at("<str:region>/network/", network.network, EVERYBODY),
    at("<str:region>/network/compare/", network.compare, EVERYBODY),
    at("<str:region>/network/plan.<str:form>", network.download, EVERYBODY),
]
handler404 = "torni.web.views.pages.not_found"
handler400 = "torni.web.views.pages.not_found"
handler500 = "torni.web.views.pages.failed"
