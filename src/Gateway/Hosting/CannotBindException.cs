namespace BlazeGateway.Hosting;

/// <summary>A listener's address is taken or may not be bound. The message names the flag that changes it.</summary>
internal sealed class CannotBindException(string message, Exception? inner) : Exception(message, inner);
