"""OData 4.0: read-only entity sets over the stores, on odatapy with a processor of our own."""
