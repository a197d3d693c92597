"""What is wrong with a corpus before anything is trained on it."""

from tain.corpora.audit.report import AuditReport, FeatureAurocs, Overlap, SplitAudit
from tain.corpora.audit.run import audit

__all__ = ["AuditReport", "FeatureAurocs", "Overlap", "SplitAudit", "audit"]
