"""The consolidated report: records to one document, the document to HTML and Markdown."""

from outlast.report.build import Material, build_document
from outlast.report.document import Document
from outlast.report.render import RenderedReport, find_report, render

__all__ = ["Document", "Material", "RenderedReport", "build_document", "find_report",
           "render"]
