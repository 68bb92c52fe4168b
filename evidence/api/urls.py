"""Routes below /api/v1/."""
from django.urls import path

from evidence.api import (
    completeness_views,
    deposit_views,
    disclosure_views,
    kind_views,
    package_views,
    reckoning_views,
    record_views,
    relation_views,
    schema_views,
    verify_views,
)

urlpatterns = [
    path("evidence", deposit_views.EvidenceView.as_view()),
    path("evidence/batch", deposit_views.EvidenceBatchView.as_view()),
    path("evidence/<str:record>", record_views.EvidenceView.as_view()),
    path("evidence/<str:record>/proof", record_views.EvidenceProofView.as_view()),
    path("evidence/<str:record>/timestamps", record_views.EvidenceTimestampsView.as_view()),
    path("evidence/<str:record>/package", package_views.EvidencePackageView.as_view()),
    path("evidence/<str:record>/relations", relation_views.EvidenceRelationsView.as_view()),
    path("records/<str:record>", record_views.RecordView.as_view()),
    path("records/<str:record>/statement", record_views.RecordStatementView.as_view()),
    path("records/<str:record>/proof", record_views.RecordProofView.as_view()),
    path("records/<str:record>/timestamps", record_views.RecordTimestampsView.as_view()),
    path("cases/<str:case>/completeness", completeness_views.CaseCompletenessView.as_view()),
    path("cases/<str:case>/reckoning/deposit", reckoning_views.ReckoningDepositView.as_view()),
    path("verify", verify_views.VerifyView.as_view()),
    path("disclosures", disclosure_views.DisclosureView.as_view()),
    path("kinds", kind_views.KindsView.as_view()),
    path("kinds/<str:kind>/<int:version>", kind_views.KindView.as_view()),
    path("schema", schema_views.SchemaView.as_view()),
]
