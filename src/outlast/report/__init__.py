"""The consolidated report: records to one document, the document to HTML and Markdown.

Each module is imported by its own name: who only reads a document needs neither judge nor charts.
"""
