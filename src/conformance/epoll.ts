/** An interest list (epoll(7)). */
export class Epoll {}
