namespace BlazeGateway.Policies.Destinations;

/// <summary>The process may open no more sockets to destinations. No destination is to blame.</summary>
internal sealed class DestinationSocketsException(string message) : IOException(message);
