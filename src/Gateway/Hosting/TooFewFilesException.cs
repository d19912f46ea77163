namespace BlazeGateway.Hosting;

/// <summary>The process may open so few files that it could not serve. The message tells how many it needs and how to allow them.</summary>
internal sealed class TooFewFilesException(string message) : Exception(message);
