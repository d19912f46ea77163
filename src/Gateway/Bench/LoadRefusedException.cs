namespace BlazeGateway.Bench;

/// <summary>The load may not run as asked; the message says why and what to change.</summary>
internal sealed class LoadRefusedException(string message) : Exception(message);
