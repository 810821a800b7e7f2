"""Figures and the report of measured samples."""

from micro.report.differences import write_differences
from micro.report.figures import write_figures
from micro.report.page import write_report
from micro.report.paper_latex import latex_table
from micro.report.paper_markdown import markdown_table
from micro.report.paper_table import PaperTable, paper_table
from micro.report.paper_xlsx import workbook_bytes
from micro.report.params import ReportParams
from micro.report.rounding import format_value
from micro.report.sample import SampleReport
from micro.report.summary import headline_label, headline_rows

__all__ = [
    "PaperTable",
    "ReportParams",
    "SampleReport",
    "format_value",
    "headline_label",
    "headline_rows",
    "latex_table",
    "markdown_table",
    "paper_table",
    "workbook_bytes",
    "write_differences",
    "write_figures",
    "write_report",
]
