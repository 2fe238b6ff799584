"""OData 4.0: read-only entity sets over the stores, on odatapy with a processor of our own.

================  ===================================================================
a request's way   what happens there
================  ===================================================================
service           one root: the model, the sources, the handler
handling, bounds  the handler made read-only; what is too much is refused unparsed
processor, batch  what odatapy calls: sets, entities, properties, `$batch`
reading           one read: pages of an index, or rows evaluated under a limit
conditions        what of a filter keys and indexes can answer
sources           the port of an entity set: people, registrations, model_rows
evaluation        filters, orders and searches rows in memory
wording           the library's errors: names for codes, plain words for types
continuation      the signed `$skiptoken`
================  ===================================================================

`shapes` and `entity_sets` declare the model; `query_…`, `stored_queries` and `parameters` are
queries by name. Storage and routes import `stored_queries` alone, which knows nothing of
odatapy.
"""
