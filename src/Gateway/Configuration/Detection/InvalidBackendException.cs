namespace BlazeGateway.Configuration.Detection;

/// <summary>A value of <c>--backend</c> that cannot be used. The message is for the user.</summary>
internal sealed class InvalidBackendException(string message) : Exception(message);
